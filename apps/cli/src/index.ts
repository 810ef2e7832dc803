export { paintFor } from './colour.js';
export { withSmallCluster } from './demo/small-cluster.js';
export { espalier } from './program.js';
export { elapsedText, recordText } from './record-text.js';

export type { SmallCluster } from './demo/small-cluster.js';
