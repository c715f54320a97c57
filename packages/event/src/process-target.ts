/**
 * Whether Cloud Controller writes the guid of a process into `target.guid` of such events and calls it an app (`target.type`): those of
 * SSH, for the SSH proxy asks for a process. Only of an app's first web process the guid is that of the app.
 */
export function targetsProcess(type: string): boolean {
  return type.startsWith('audit.app.ssh-')
}
