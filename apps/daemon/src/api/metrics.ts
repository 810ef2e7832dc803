/** What nodes use, in the words of Prometheus. Put together when it is asked for, as usage is. */
import type { NodeUse } from '@espalier/supervisor/client';
import { Gauge, Registry } from 'prom-client';

type Measure = (node: NodeUse) => number | null;

/** Each is of the node itself and, for a supervisor, the sum of all below: sum over `kind="environment"`. */
const MEASURES: Readonly<Record<string, readonly [help: string, measure: Measure]>> = {
  espalier_node_running: ['1 if the node runs, else 0.', ({ state }) => Number(state === 'running')],
  espalier_node_restarts: ['Restarts since its supervisor has started.', ({ restarts }) => restarts],
  espalier_node_heap_bytes: ['Memory for objects.', ({ heapMb }) => bytes(heapMb)],
  espalier_node_off_heap_bytes: ['Buffers and the like.', ({ offHeapMb }) => bytes(offHeapMb)],
  espalier_node_process_bytes: [
    'Memory of its process, where it has one.',
    ({ processMb }) => bytes(processMb),
  ],
  espalier_node_cpu_seconds: [
    'Processor time of the present lives.',
    ({ cpuMs }) => (cpuMs === null ? null : cpuMs / 1000),
  ],
  espalier_node_mailbox_messages: ['Messages that wait.', ({ mailbox }) => mailbox],
  espalier_node_mailbox_bytes: ['Bytes of those.', ({ mailboxBytes }) => mailboxBytes],
  espalier_node_in_flight_bytes: [
    'Sent, and waiting for room or for their receiver’s next life.',
    ({ inFlightBytes }) => inFlightBytes,
  ],
  espalier_node_received_messages: ['Messages received in the present lives.', ({ received }) => received],
  espalier_node_sent_messages: ['Messages sent in the present lives.', ({ sent }) => sent],
  espalier_node_pending_calls: ['Calls that are not answered yet.', ({ pendingCalls }) => pendingCalls],
  espalier_node_printed_characters: ['Printed in the present lives.', ({ printed }) => printed],
};

const LABELS = ['path', 'kind'] as const;

export function metricsOf(nodes: readonly NodeUse[]): Promise<string> {
  const registry = new Registry();
  for (const [name, [help, measure]] of Object.entries(MEASURES)) {
    const gauge = new Gauge({ name, help, labelNames: LABELS, registers: [registry] });
    for (const node of nodes) {
      const value = measure(node);
      if (value !== null) gauge.set({ path: node.path, kind: node.kind }, value);
    }
  }
  return registry.metrics();
}

function bytes(mb: number | null): number | null {
  return mb === null ? null : mb * 1024 * 1024;
}
