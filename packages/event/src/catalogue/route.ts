import { category } from './event-type.ts'

export const route = category('route', [
  ['audit.route.create', 'create', 3, '', '{actor} created route {target}'],
  ['audit.route.update', 'update', 3, '2', '{actor} updated route {target}'],
  ['audit.route.delete-request', 'delete', 4, '', '{actor} deleted route {target}'],
  ['audit.route.share', 'share', 4, '', '{actor} shared route {target} with other spaces'],
  ['audit.route.unshare', 'unshare', 4, '', '{actor} took route {target} back from a space'],
  ['audit.route.transfer-owner', 'transfer-owner', 5, '', '{actor} gave route {target} to another space'],
  ['audit.route_policy.create', 'create', 5, 'P', '{actor} created a route policy for {target}'],
  ['audit.route_policy.update', 'update', 5, 'P', '{actor} updated the route policy for {target}'],
  ['audit.route_policy.delete', 'delete', 5, 'P', '{actor} deleted the route policy for {target}'],
])
