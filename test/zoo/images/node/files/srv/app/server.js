const express = require("express");
const os = require("os");

const app = express();
app.set("trust proxy", true);
app.get("/", (request, response) => response.send("This is @VERSION@."));
app.get("/told", (request, response) => {
  const url = `${request.protocol}://${request.hostname}${request.originalUrl}`;
  response.json({ url, ip: request.ip, home: os.homedir() });
});
app.get("/crash", () => process.exit(7));
app.get("/stream", (request, response) => {
  response.set("content-type", "text/event-stream");
  for (let n = 0; n < 3; n++) setTimeout(() => response.write(`data: ${n}\n\n`), 50 * n);
  setTimeout(() => response.end(), 200);
});
app.use("/assets", express.static(`${__dirname}/public`));
app.listen(process.env.PORT, "localhost");
