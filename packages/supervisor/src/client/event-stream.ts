/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as the daemon writes them. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Lines end in a line feed; comments keep the connection and are left out. */
export async function* readEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const read = readBlock(block);
      if (read.data !== '') yield read;
    }
  }
}

function readBlock(block: string): ServerSentEvent {
  const read = { event: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) read.event = line.slice(7);
    if (line.startsWith('data: ')) read.data = line.slice(6);
  }
  return read;
}
