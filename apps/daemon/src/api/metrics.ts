/** What nodes use, and what the bridge has lost, in the words of Prometheus. Put together when it is asked for, as usage is. */
import type { ClusterStatus, NodeUse } from '@espalier/supervisor/client';
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

/** Messages and frames since the bridge was started: a frame that was missing may still come. */
const UNDELIVERED = 'espalier_bridge_undelivered_messages';
const MISSING = 'espalier_bridge_missing_frames';
const DROPPED = 'espalier_bridge_dropped_frames';

/** `lost`: null where there is no bridge that answers, or who asks may not know. */
export function metricsOf(nodes: readonly NodeUse[], lost: ClusterStatus['lost']): Promise<string> {
  const registry = new Registry();
  for (const [name, [help, measure]] of Object.entries(MEASURES)) {
    const gauge = new Gauge({ name, help, labelNames: LABELS, registers: [registry] });
    for (const node of nodes) {
      const value = measure(node);
      if (value !== null) gauge.set({ path: node.path, kind: node.kind }, value);
    }
  }
  if (lost !== null) addLosses(registry, lost);
  return registry.metrics();
}

function addLosses(registry: Registry, lost: NonNullable<ClusterStatus['lost']>): void {
  const registers = [registry];
  new Gauge({ name: UNDELIVERED, help: 'Messages that will not arrive, or are in doubt.', registers }).set(
    lost.undelivered,
  );
  new Gauge({ name: MISSING, help: 'Frames that the broker had, and nobody got.', registers }).set(
    lost.missing,
  );
  const help = 'Frames that came and were not taken.';
  const dropped = new Gauge({ name: DROPPED, help, labelNames: ['reason'], registers });
  for (const [reason, count] of Object.entries(lost.dropped)) dropped.set({ reason }, count);
}

function bytes(mb: number | null): number | null {
  return mb === null ? null : mb * 1024 * 1024;
}
