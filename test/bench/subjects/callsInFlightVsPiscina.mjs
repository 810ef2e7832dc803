import { IN_FLIGHT } from '../in-flight.mjs';
import { openCalls } from './calls.mjs';

export const open = openCalls(IN_FLIGHT);
