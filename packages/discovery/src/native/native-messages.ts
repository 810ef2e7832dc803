/** What native backend and its child say to each other, a line of JSON each, over the child's stdin and stdout. */

interface InstanceName {
  readonly type: string;
  readonly label: string;
}

/** TXT data as it goes over the link, each string behind its length; base64. */
type TxtBytes = string;

export type ToNative =
  | ({ readonly do: 'publish'; readonly port: number; readonly txt: TxtBytes } & InstanceName)
  | ({ readonly do: 'update'; readonly txt: TxtBytes } & InstanceName)
  | ({ readonly do: 'withdraw' | 'refresh' } & InstanceName)
  | { readonly do: 'browse'; readonly type: string };

export type FromNative =
  /** Its last word before it ends. */
  | { readonly say: 'failed'; readonly why: string }
  | ({ readonly say: 'found'; readonly port: number; readonly txt: TxtBytes } & InstanceName)
  | ({ readonly say: 'gone' } & InstanceName);

export function packTxt(strings: readonly Uint8Array[]): TxtBytes {
  return Buffer.concat(strings.flatMap((bytes) => [Buffer.from([bytes.length]), bytes])).toString('base64');
}

/** Stops at what is cut off: the directory judges what is left. */
export function unpackTxt(txt: TxtBytes): Buffer[] {
  const bytes = Buffer.from(txt, 'base64');
  const strings: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] ?? 0)) {
    strings.push(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)));
  }
  return strings;
}
