import { harmfulKinds, testKinds } from './testing-kinds.ts'

testKinds('faults of Kafka itself', harmfulKinds(0), 1)
