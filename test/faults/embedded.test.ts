import { kindsThatAre, testKinds } from './testing-kinds.ts'

testKinds('faults', kindsThatAre(undefined), 4)
