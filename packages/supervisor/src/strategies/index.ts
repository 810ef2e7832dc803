/**
 * The strategies of OTP's `supervisor`, as one pure step that the kernel runs. Nothing here reads a
 * clock, draws a number, or imports anything but types and its own folder.
 */
import type { SupervisorLogic } from '@espalier/core/internal/supervisor-logic.js';
import { newState } from './new-state.js';
import type { State } from './state.js';
import { step } from './step.js';

export const supervisorLogic: SupervisorLogic<State> = Object.freeze({ init: newState, step });

export type { State } from './state.js';
