/** A value as it stands on a command line: JSON if it can be read as such, else text. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
