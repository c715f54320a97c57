/** Why one value is not acceptable, without saying the value: it may be a secret. */
export class Complaint {
  /** Reads after the setting's name: "must be …". */
  readonly problem: string
  /** A value to write instead, or, when `isAdvice`, a sentence. */
  readonly instead: string
  readonly isAdvice: boolean

  constructor(problem: string, instead: string, isAdvice = false) {
    this.problem = problem
    this.instead = instead
    this.isAdvice = isAdvice
  }
}
