/** What every stream may send before it was granted anything: its own, whatever others hold (see credit.ts). */
export const FIRST_WINDOW_MESSAGES = 8;
export const FIRST_WINDOW_BYTES = 64 * 1024;
