export { LoopbackLinks } from '../channel/loopback.js';
export { ManualClock } from './manual-clock.js';
export { noSupervision } from './no-supervision.js';
export { SeededRandom } from './random.js';
export { Simulation, SimulationStuck } from './simulation.js';
export { testClock } from './test-clock.js';

export type { SimulatedSpec, SimulationOptions } from './simulation.js';
export type { TestClock, TestClockOptions } from './test-clock.js';
