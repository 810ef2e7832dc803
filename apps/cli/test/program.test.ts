import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { commandLine } from '../src/program.js';

const program = commandLine(() => undefined);

/** Those that do something, with the words by which they are called. */
function commandsOf(parent: Command, words: readonly string[] = []): readonly (readonly [string, Command])[] {
  return parent.commands.flatMap((command) => {
    const name = [...words, command.name()];
    return command.commands.length > 0 ? commandsOf(command, name) : [[name.join(' '), command] as const];
  });
}

describe('every command', () => {
  test.each(commandsOf(program))('%s speaks JSON, and its help has an example of it', (name, command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toContain('--json');
    const [, examples = ''] = help.split('\nExample:\n');
    expect(examples).toContain(`espalier ${name}`);
  });

  test('stands in the help, with what it does', () => {
    const help = program.helpInformation();
    for (const command of program.commands) {
      expect(help).toContain(`  ${command.name()} `);
      expect(command.description()).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
