/**
 * The inspector as it was before a thread was hardened: the host of a pool runs no guest code and guards
 * threads of its own with it. Imported with the bootstrap, so that it is evaluated in time.
 */
import inspector from 'node:inspector';

const { Session } = inspector;
const { post } = Session.prototype;

export function inspectorSession(): inspector.Session {
  const session = new Session();
  Object.defineProperty(session, 'post', { value: post });
  return session;
}
