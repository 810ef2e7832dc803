export { bootCell } from './cell-bootstrap.js';
export { CellCgroup } from './cell-cgroup.js';
export { CellProcess } from './cell-process.js';
export { chooseWalls } from './choose-walls.js';
export { Pipe } from './pipe.js';
export { probeMachine } from './probe.js';
export { connectStreams, offerStreams } from './stream-offer.js';

export type { CellPipes } from './cell-bootstrap.js';
export type { CellEnd, CellOptions } from './cell-process.js';
export type { ChosenWalls, WantedWalls } from './choose-walls.js';
export type { PipeOptions, PipeProblem } from './pipe.js';
export type { FarStreams, StreamAddress, StreamOffer } from './stream-offer.js';
export type { Machine, ProbedWall, WallName } from './walls.js';
