/** The cases of the conformance grid that a mailbox on another host does not claim, and why (docs/bridge.md says the same). */
import type { Exception } from '../../packages/core/test/conformance/harness.js';

const REFUSED = /^value_refused$/;

/** All of these for one reason. */
function all(why: string, titles: readonly string[], failsWith?: RegExp): [string, Exception][] {
  return titles.map((title) => [title, failsWith === undefined ? { why } : { why, failsWith }]);
}

const NO_ADDRESS = 'an address in a message does not leave its host';
/** Sent by who does not look, and awaited by who cannot get it. */
const NO_ADDRESS_SENT = 'a message with an address is refused to who sends it, and does not come';
const OWN_ROOM = 'a sender meets the mailbox of the stand-in, and its terms';
const OWN_NAMES = 'a name that is not exported is known on its host alone';
const ENDS = 'an end is told apart from what was sent to others';

export const EXCEPTIONS: Readonly<Record<string, Exception>> = Object.fromEntries([
  ...all(
    NO_ADDRESS,
    [
      'order: it does not depend on whether the receiver is named or addressed, from the first message on',
      'order: it holds, too, if the first contact begins with a message too large for the first window',
      'send: two messages to the application never share an object',
      'receive: takes the first item that matches; what is skipped keeps its order',
      'receive: a selective one waits for its item while others arrive',
      'receive: gives undefined after its timeout, and takes nothing',
      'receive: what its match throws rejects it, and loses nothing',
      'terminate: runs when the supervisor stops the server, and what it sends arrives',
      'spawn: gives the address of a child that runs',
      'spawn: can give the child a name',
      'spawn: a task ends with its result as the detail',
      'spawn: with link, parent and child share fate',
      'spawn: children end with their parent',
      'link: a death goes on along a chain, and stops at one that traps',
      'link: a killed one is told as `killed`, and that can be trapped',
      'monitor: more system calls than the kernel reads at a time leave in order, the last one of a life too',
      'sendExit: `normal` to another is ignored, unless it traps',
      'sendExit: `normal` to oneself ends one that does not trap',
      'sendExit: is ordered with the end of its sender',
      'address: the own one can be sent to oneself and passed on',
      'address: of a dead environment is still the same to everybody, and leads nowhere',
    ],
    REFUSED,
  ),
  ...all(NO_ADDRESS_SENT, [
    'send: a getter of a message that sends is refused, and no message is lost or torn',
    'stop: a server without `terminate` ends in the middle of what it is handling',
    'stop: one that does not look is killed after its shutdown time',
    'link: with nobody is an exit signal `noproc`',
    'sendExit: does not overtake messages, first contact and addresses in them included',
    'address: is the same object for the same incarnation, by whatever way it came',
    'address: a third party can be reached by it, and can answer',
    'address: messages with addresses and without keep their order',
    'address: 300 different ones can be passed in one message and in many, and used again',
    'overflow: replies never wait, whatever lies in the mailbox of the caller',
    'overflow: a `down` needs no room',
    'parking: calls in flight end with `down`',
    'end: and with addresses in them',
  ]),
  ...all(
    OWN_ROOM,
    [
      'block: a send waits for room, and leaves in order when there is some',
      'block: after sendTimeoutMs without room it rejects with `full`, and was not sent',
      'block: a send that waited behind one that was too large for the room gets its turn',
      'reject: at zero credit a send rejects at once with `full`',
      'overflow: a call that is dropped or refused ends with `full`',
      'messageBytes: a larger message rejects with `too_large`, and the stream goes on',
      'messageBytes: at first contact, too, no larger message gets in and none blocks the rest',
      'messageBytes: a transferred buffer counts, and a refused one stays with its sender',
      'mailboxBytes: bounds the bytes that lie unread, transferred ones too',
      'blocked: one that gave up before is none',
      'parking: what waited for room at the old incarnation goes before what is sent later',
    ],
    /expect|no error/,
  ),
  ...all(OWN_ROOM, [
    'drop-newest: at zero credit the new one is dropped and counted',
    'drop-oldest: at zero credit the oldest of the own unsent ones is dropped and counted',
    'blocked: a send that has waited for a second is an event that names both, and its end is another',
    'blocked: two servers that send to each other with full mailboxes are reported as a circle, and freed by their timeouts',
  ]),
  ...all(OWN_NAMES, ['register: gives a name, once; unregister gives it back'], /name_taken/),
  ...all(OWN_NAMES, [
    'name: a message goes to who holds it when it is sent',
    'name: is free before anybody hears of the end',
  ]),
  ...all(ENDS, [
    'monitor: a `down` never overtakes what the dead one had sent',
    'monitor: a `down` never overtakes 1000 messages in flight',
    'dead letters: what lay unread when an environment ended is counted',
  ]),
]);
