/** Says that it runs, and stays. */
process.send?.('ready');
process.on('message', () => undefined);
