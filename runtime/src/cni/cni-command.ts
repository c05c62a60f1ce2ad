/** The commands that a plugin may be called with, as CNI_COMMAND (CNI spec, section 2). */
export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION';
