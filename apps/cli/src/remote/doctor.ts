/** `espalier doctor`: what this machine offers for walls, what is missing and how to get it, and whether a daemon is there. */
import { EspalierError } from '@espalier/core';
import { probeMachine, WALLS } from '@espalier/core/internal/host.js';
import type { Remote } from './command.js';

type Machine = Awaited<ReturnType<typeof probeMachine>>;
type WallName = keyof typeof WALLS;

export async function doctor({ client, terminal, place }: Remote): Promise<undefined> {
  const [machine, daemon] = await Promise.all([
    terminal.during('trying this machine out', probeMachine({ files: [process.execPath] })),
    client.status().catch((error: unknown) => {
      if (error instanceof EspalierError) return undefined;
      throw error;
    }),
  ]);
  const node = process.version;
  terminal.tell({ node, place, daemon: daemon ?? null, walls: machine.walls }, () => [
    `node       ${node}`,
    daemon === undefined
      ? `daemon     ${terminal.paint('yellow', 'none')} in ${place}. Start \`espalierd\`, or give --folder.`
      : `daemon     ${daemon.version}, ${daemon.tree ?? 'no tree'}: ${daemon.state}, in ${place}`,
    'walls of cells (`walls: { required: [...] }` in a spec):',
    ...wallLines(machine, terminal.paint),
  ]);
}

function wallLines({ walls }: Machine, paint: Remote['terminal']['paint']): readonly string[] {
  return (Object.keys(WALLS) as WallName[]).flatMap((name) => {
    const { available, why, remedy } = walls[name];
    const mark = available ? paint('green', 'yes') : paint('yellow', 'no ');
    const line = `  ${mark}  ${name.padEnd(11)}  ${WALLS[name]}`;
    return available ? [line] : [line, `         ${why}${remedy === undefined ? '' : `. ${remedy}`}`];
  });
}
