/** For whoever starts another program on a JVM of this machine for a test. */
export { findJars } from '../find-kafka.ts'
export { freePorts } from '../free-ports.ts'
export { GuardedProcess } from '../guarded-process.ts'
export { checkJava } from '../kafka-jvm.ts'
export { runProgram } from '../run-program.ts'
