/** A cell that never says anything. */
setInterval(() => undefined, 1_000_000);
