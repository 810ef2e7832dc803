/** How many calls are open at once in `callsInFlightVsPiscina`. */
export const IN_FLIGHT = 64;
