/** Validates names of network interfaces (CNI spec, section 2, "CNI_IFNAME"; the kernel's `dev_valid_name`). */

const longest = 15; // bytes: IFNAMSIZ without the terminating zero

export const isInterfaceName = (name: string): boolean =>
  name !== '' &&
  name !== '.' &&
  name !== '..' &&
  Buffer.byteLength(name) <= longest &&
  !/[\s/:\p{Cc}]/u.test(name);
