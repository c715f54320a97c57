import { kindsThatAre, testKinds } from './testing-kinds.ts'

testKinds('faults on Kafka', kindsThatAre('harmless'), 3)
