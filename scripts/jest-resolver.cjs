/**
 * How tests find what they import. A test says `../src/mailbox.js`, as its types do, and gets the
 * built `../dist/mailbox.js`: what is tested is what is shipped, and a worker thread started by it
 * loads the very same file. A test's own helpers are TypeScript and are found under their `.js` name.
 */
const { existsSync } = require('node:fs');
const path = require('node:path');

const SOURCE = /^(.*[\\/](?:packages|apps|examples)[\\/][^\\/]+[\\/])src([\\/].*\.js)$/;

module.exports = (request, options) => {
  const relative = request.startsWith('./') || request.startsWith('../');
  if (
    relative &&
    request.endsWith('.js') &&
    !options.basedir.includes(`${path.sep}node_modules${path.sep}`)
  ) {
    const wanted = path.resolve(options.basedir, request);
    const source = SOURCE.exec(wanted);
    if (source !== null) return options.defaultResolver(`${source[1]}dist${source[2]}`, options);
    const typescript = `${wanted.slice(0, -3)}.ts`;
    if (!existsSync(wanted) && existsSync(typescript)) return typescript;
  }
  return options.defaultResolver(request, options);
};
