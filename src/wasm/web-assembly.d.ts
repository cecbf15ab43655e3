/** The slice of WebAssembly we use. `lib.dom`, which has all of it, would bring `window` and `event` into scope. */
declare namespace WebAssembly {
  class Module {
    private constructor();
  }

  interface MemoryDescriptor {
    /** Pages of 64 KiB. */
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: object;
  }

  function compile(bytes: Uint8Array): Promise<Module>;
}
