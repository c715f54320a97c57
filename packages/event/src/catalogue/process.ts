import { category, type EventType } from './event-type.ts'

const appCrash = category('process', [
  ['app.crash', 'crash', 4, 'F', 'An instance of app {target} crashed'],
]).map((entry): EventType => ({ ...entry, duplicateOf: 'audit.app.process.crash' }))

export const process = [
  ...category('process', [
    ['audit.app.process.create', 'create', 2, '', '{actor} created a process of app {target}'],
    ['audit.app.process.update', 'update', 3, '', '{actor} updated a process of app {target}'],
    ['audit.app.process.delete', 'delete', 3, '', '{actor} deleted a process of app {target}'],
    ['audit.app.process.scale', 'scale', 3, '', '{actor} scaled a process of app {target}'],
    [
      'audit.app.process.terminate_instance',
      'terminate',
      4,
      '?',
      '{actor} terminated an instance of app {target}',
    ],
    ['audit.app.process.crash', 'crash', 4, 'F', 'An instance of process {actor} of app {target} crashed'],
    [
      'audit.app.process.ready',
      'ready',
      1,
      '',
      'An instance of process {actor} of app {target} became ready',
    ],
    [
      'audit.app.process.not-ready',
      'not-ready',
      3,
      'F',
      'An instance of process {actor} of app {target} stopped being ready',
    ],
    [
      'audit.app.process.rescheduling',
      'reschedule',
      2,
      '?',
      'An instance of process {actor} of app {target} is being moved to another cell',
    ],
  ]),
  ...appCrash,
]
