import { testKinds } from './testing-kinds.ts'

testKinds('faults on Kafka', 'harmless', 3)
