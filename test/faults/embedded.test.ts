import { testKinds } from './testing-kinds.ts'

testKinds('faults', undefined, 2)
