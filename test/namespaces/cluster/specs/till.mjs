/** Uses names as if they were next door; one that is not there yet is no reason to end. */
import { Refusal, server } from '@espalier/core';

const refuse = (/** @type {Error} */ { message }) => {
  throw new Refusal(message);
};

export default server({
  init: () => ({}),
  calls: {
    price: (context, /** @type {string} */ item) => context.call('prices', 'of', [item]).catch(refuse),
    order: async (context, /** @type {string} */ job) => {
      await context.call('queue', 'confirmed', ['do', job]).catch(refuse);
      return 'ordered';
    },
  },
});
