import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { loadUws, type UwsModule, type UwsPackage } from "../../src/server/uws.ts";

const loaded = {} as UwsModule;
const present: UwsPackage = { name: "present", load: () => Promise.resolve(loaded) };
const absent: UwsPackage = {
  name: "absent",
  load: () => Promise.reject(new Error("Cannot find module 'absent'\nRequire stack:")),
};
const tooNew: UwsPackage = {
  name: "too-new",
  load: () => {
    throw new Error(
      "This version supports only ...\n\nError: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /x/uws.node)",
    );
  },
};

test("uWebSockets.js serves on the pinned Node", async () => {
  const { App, us_socket_local_port } = await loadUws();
  const app = App().get("/", (response) => {
    response.end("here");
  });
  const port = await new Promise<number>((resolve, reject) => {
    app.listen("127.0.0.1", 0, (socket) =>
      socket ? resolve(us_socket_local_port(socket)) : reject(new Error("no port")),
    );
  });
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe("here");
  app.close();
});

test("the first package that loads is taken", async () => {
  expect(await loadUws([present, absent])).toBe(loaded);
  expect(await loadUws([tooNew, absent, present])).toBe(loaded);
});

test("where none loads the error names the machine, what each package said, and the way out", async () => {
  const error = await loadUws([absent, tooNew]).catch((caught: unknown) => caught);
  if (!(error instanceof BrokerError)) throw new Error("expected a BrokerError", { cause: error });
  expect(error.code).toBe("TRANSPORT_UNAVAILABLE");
  expect(error.message).toContain(`Node ${process.versions.node}, ${process.platform} ${process.arch}`);
  expect(error.message).toContain(
    "(absent: Cannot find module 'absent'; too-new: /lib/libc.so.6: version `GLIBC_2.38' not found). It runs on Node 20 and 22",
  );
  expect(error.message).toContain("npm run cambium");
  expect(error.cause).toBeInstanceOf(AggregateError);
});
