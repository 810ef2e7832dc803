/** Entry of every guest thread. */
import { bootThread } from './bootstrap.js';
import { portLinks } from './port-link.js';
import { rehearse } from './rehearse.js';
import { guestRuntime, startGuest } from './start-guest.js';

bootThread(startGuest, () =>
  rehearse((control) => guestRuntime({ control, links: portLinks, idle: () => undefined })),
);
