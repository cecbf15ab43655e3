/** The names by which AssemblyScript calls its integers, for the files that both compilers read. */
declare type i32 = number;
declare type u32 = number;
