/** Who a host is, and which cluster it belongs to: for whoever makes keys, and for the packages that check them. */
export {
  createKeyPair,
  fingerprint,
  isPublicKey,
  isSignedBy,
  publicKeyOf,
  signBytes,
  type KeyPair,
} from './keys.js';
export {
  isGranted,
  issueJoinTicket,
  openJoinTicket,
  type Membership,
  type TicketRequest,
} from './membership.js';
export { Members, type Verdict } from './members.js';
export { namespaceId, namespaceOf, publishedName } from './namespaces.js';
export { openRevocations, revokeHosts, type Revocations } from './revocations.js';
