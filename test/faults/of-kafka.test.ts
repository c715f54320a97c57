import { testKinds } from './testing-kinds.ts'

testKinds('faults of Kafka itself', 'harmful', 1)
