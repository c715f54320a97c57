import { harmfulKinds, testKinds } from './testing-kinds.ts'

testKinds('more faults of Kafka itself', harmfulKinds(1), 1)
