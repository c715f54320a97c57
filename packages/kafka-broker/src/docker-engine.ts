import { createRequire } from 'node:module'
import { kafkaVersion } from './kafka-jars.ts'

export const kafkaImage = `apache/kafka:${kafkaVersion}`

/** Of the package testcontainers what is used here. It is installed only by who wants Docker: its types are not here. */
export interface Testcontainers {
  readonly GenericContainer: new (image: string) => ContainerPlan
  readonly ImageName: { fromString(name: string): ImageName }
  getContainerRuntimeClient(): Promise<RuntimeClient>
  /** The container that removes the others when this process is gone. */
  getReaper(client: RuntimeClient): Promise<unknown>
}

export interface ContainerPlan {
  withEnvironment(variables: Readonly<Record<string, string>>): this
  withExposedPorts(...ports: readonly { readonly container: number; readonly host: number }[]): this
  withWaitStrategy(strategy: unknown): this
  start(): Promise<StartedContainer>
}

export interface StartedContainer {
  getId(): string
  /** Ends and removes it, with its volumes. */
  stop(options: { readonly timeout: number }): Promise<unknown>
}

type ImageName = unknown

export interface RuntimeClient {
  readonly info: { readonly containerRuntime: { readonly host: string } }
  readonly image: {
    exists(name: ImageName): Promise<boolean>
    pull(name: ImageName): Promise<void>
  }
  readonly container: { getById(id: string): DockerContainer }
}

/** A container of Docker's API. */
export interface DockerContainer {
  inspect(): Promise<{ readonly State: { readonly Pid: number } }>
  start(): Promise<unknown>
  /** Sends the signal to its first process, which is the broker; SIGKILL unless told otherwise. */
  kill(options?: { readonly signal: NodeJS.Signals }): Promise<unknown>
  stop(options: { readonly t: number }): Promise<unknown>
  logs(options: {
    readonly stdout: true
    readonly stderr: true
    readonly follow: false
    readonly tail: number
  }): Promise<Buffer>
}

/** A Docker that can run the image of Kafka. */
export interface DockerEngine {
  readonly testcontainers: Testcontainers
  readonly client: RuntimeClient
}

const packageName = 'testcontainers'

/** Whether somebody has installed what Docker takes. Looks at node_modules only. */
export function hasTestcontainers(): boolean {
  try {
    createRequire(import.meta.url).resolve(packageName)
    return true
  } catch {
    return false
  }
}

/** Finds a Docker that answers and has the image, or pulls it. Throws a sentence that says why there is none. */
export async function connectDocker(): Promise<DockerEngine> {
  const testcontainers = (await import(packageName)) as Testcontainers
  const client = await explained('no Docker answers', testcontainers.getContainerRuntimeClient())
  const { host } = client.info.containerRuntime
  if (!['localhost', '127.0.0.1', '::1'].includes(host))
    throw new Error(`Docker is on another machine (${host}), and brokers are expected at 127.0.0.1`)
  const image = testcontainers.ImageName.fromString(kafkaImage)
  if (!(await client.image.exists(image)))
    await explained(`the image ${kafkaImage} cannot be pulled`, client.image.pull(image))
  await explained('the container that cleans up cannot be started', testcontainers.getReaper(client))
  return { testcontainers, client }
}

async function explained<T>(what: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`)
  }
}
