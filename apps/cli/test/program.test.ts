import { describe, expect, test } from '@jest/globals';
import { commandLine } from '../src/program.js';

const program = commandLine(() => undefined);

describe('every command', () => {
  test.each(program.commands.map((command) => [command.name(), command] as const))(
    '%s speaks JSON, and its help has an example of it',
    (name, command) => {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toContain('--json');
      const [, examples = ''] = help.split('\nExample:\n');
      expect(examples).toContain(`espalier ${name}`);
    },
  );

  test('stands in the help, with what it does', () => {
    const help = program.helpInformation();
    for (const command of program.commands) {
      expect(help).toContain(`  ${command.name()} `);
      expect(command.description()).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
