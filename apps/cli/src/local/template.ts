/** The files of a new project: a server, and somebody who calls it. */
export function templateFiles(name: string): Readonly<Record<string, string>> {
  return {
    [`${name}.espalier.yaml`]: SPEC.replace('NAME', name),
    'src/greeter.ts': GREETER,
    'src/visitor.ts': VISITOR,
    '.gitignore': '.espalier/\nnode_modules/\n',
    'package.json': `${JSON.stringify(
      { name, private: true, type: 'module', scripts: { start: `espalier up ${name}.espalier.yaml` } },
      undefined,
      2,
    )}\n`,
  };
}

const SPEC = `# Each child is a thread of its own. Both are started again when they fail.
name: NAME
children:
  - id: greeter
    module: ./src/greeter.ts
    args: { greeting: Hello }
    limits: { heapMb: 64 }

  - id: visitor
    module: ./src/visitor.ts
    args: { everyMs: 1000 }
`;

const GREETER = `import { server } from '@espalier/core';

export default server({
  init: (args: { greeting: string }) => ({ ...args, greeted: 0 }),
  calls: {
    greet({ state }, name: string): string {
      if (name === '') throw new TypeError('nobody is there'); // let it crash
      state.greeted += 1;
      return \`\${state.greeting}, \${name}! You are number \${state.greeted}.\`;
    },
  },
});
`;

const VISITOR = `import { environment } from '@espalier/core';

export default environment(async (context, { everyMs }: { everyMs: number }) => {
  const greeter = context.ref<typeof import('./greeter.js')>('greeter');
  for (;;) {
    console.log(await greeter.call.greet('world'));
    await context.receive({ timeoutMs: everyMs }); // what it is sent only makes it greet earlier
  }
});
`;
