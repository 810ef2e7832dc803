/** The tables of docs/security.md, from the claims that the attack suite holds the runtime to. */
import { CASES } from '../../test/attacks/cases/index.mjs';
import { CASE_CLAIMS, CLASS_CLAIMS, claimOf } from '../../test/attacks/claims.mjs';
import { isAt, LEVEL_NAMES, LEVELS } from '../../test/attacks/levels.mjs';

const CLASSES = {
  life: 'Life and death',
  loops: 'Loops',
  memory: 'Memory',
  limits: 'Limits with nonsense values',
  messages: 'Messages',
  stdio: 'Standard streams',
  authority: 'Authority',
  links: 'Process links',
};
const BUILT = LEVEL_NAMES.filter((level) => LEVELS[level].built);

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A bar would end the cell. */
const cell = (text) => text.replaceAll('|', '\\|');

function claimIn(name, level) {
  return isAt(CASES.get(name), level) ? claimOf(name, level).claim : '';
}

function namesOf(group) {
  const all = [...CASES.keys()].filter((name) => name.startsWith(`${group}/`));
  return all.filter((name) => BUILT.some((level) => claimIn(name, level) !== ''));
}

function counts() {
  const rows = BUILT.map((level) => {
    const claims = [...CASES.keys()].map((name) => claimIn(name, level));
    const number = (claim) => String(claims.filter((one) => one === claim).length);
    const what = `\`${level}\`: ${LEVELS[level].what}`;
    return [what, number('contained'), number('cell-recycled'), number('not-claimed')];
  });
  return table(['level', '`contained`', '`cell-recycled`', '`not-claimed`'], rows);
}

function notClaimed() {
  const rows = BUILT.flatMap((level) =>
    [...CASES]
      .filter(([name]) => claimIn(name, level) === 'not-claimed')
      .map(([name, { does }]) => [`\`${name}\``, level, cell(does), cell(claimOf(name, level).why)]),
  );
  return table(['case', 'level', 'the attacker', 'why it is not claimed'], rows);
}

/** The reason that its supervisor hears. */
function endOf(tree) {
  if (tree?.holds) return 'goes on';
  return (tree?.ends ?? []).map((tag) => `\`${tag}\``).join(' or ');
}

function everyCase() {
  return Object.entries(CLASSES)
    .map(([group, title]) => {
      const rows = namesOf(group).map((name) => {
        const { does, bare, tree } = CASES.get(name);
        return [
          `\`${name}\``,
          cell(does),
          bare.join(' or '),
          endOf(tree),
          ...BUILT.map((level) => claimIn(name, level)),
        ];
      });
      const head = ['case', 'the attacker', 'bare', 'its end', ...BUILT.map((level) => `\`${level}\``)];
      return `### ${title}\n\n${CLASS_CLAIMS[group].why}\n\n${table(head, rows)}`;
    })
    .join('\n\n');
}

export function claimsTables() {
  for (const name of Object.keys(CASE_CLAIMS)) {
    if (!CASES.has(name)) throw new Error(`claims.mjs speaks of '${name}', which is no case`);
  }
  return { counts: counts(), 'not claimed': notClaimed(), 'every case': everyCase() };
}
