/**
 * What environments print, and what they fail with, is shown on the terminal of whoever looks: it may have colours,
 * and nothing else that would steer that terminal. Control characters are shown in its place, as pictures.
 */

/** Without colours and beginnings of lines, too. */
export function plain(text: string): string {
  return text
    .replaceAll(COLOUR, '')
    .replaceAll(/[\n\t]+/g, ' ')
    .replaceAll(CONTROL, picture);
}

/** Lines, whose colours end with them. */
export function harmless(text: string): string {
  const shown = text.replaceAll(CONTROL, picture);
  return shown.includes('\x1b') ? `${shown}\x1b[0m` : shown;
}

/* eslint-disable no-control-regex -- they are what is looked for */
const COLOUR = /\x1b\[[\d;:]*m/g;
/** All but line feeds, tabs, and the escapes of colours. */
const CONTROL = /\x1b(?!\[[\d;:]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/g;
/* eslint-enable no-control-regex */

const PICTURES = 0x2400;
const DELETE = 0x7f;

function picture(control: string): string {
  const code = control.charCodeAt(0);
  if (code === DELETE) return '␡';
  return code < DELETE ? String.fromCharCode(PICTURES + code) : '\ufffd';
}
