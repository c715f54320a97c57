export * from './clock.ts'
export * from './contract.ts'
