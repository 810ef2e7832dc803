/** Has a mailbox and never reads it. */
import { environment } from '@espalier/core';

export default environment(() => new Promise(() => setInterval(() => undefined, 2 ** 30)));
