/** A puppet that fails the starts that it is told to: `clerk` counts them. */
import { server, type Context } from '@espalier/core';
import puppet from '../../../../packages/core/test/conformance/modules/puppet.js';

const { init } = puppet.definition;

export default server({
  ...puppet.definition,
  async init(failing: readonly number[], context: Context) {
    if (failing.includes((await context.call('clerk', 'count', [])) as number)) throw new Error('as planned');
    return (init as NonNullable<typeof init>)(undefined, context);
  },
});
