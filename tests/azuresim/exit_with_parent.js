// Loaded before Azurite: ends it when whoever started it goes away and its standard input closes.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
