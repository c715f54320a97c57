import { kindsThatAre, testKinds } from './testing-kinds.ts'

// What they do is done to processes and topics: one broker serves. `npm run faults` gives them three.
testKinds('faults on Kafka', kindsThatAre('harmless'), 3, 1)
