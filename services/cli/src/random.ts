import type { Random } from '@cf-audit-drain/pipeline'

/** The one home of real chance: jitter. Everything else is given a Random, so a test can repeat it. */
export const random: Random = () => Math.random()
