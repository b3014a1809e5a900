/**
 * An edge that lies: the real node with a hostile disk behind it. It behaves until it gets SIGUSR2; from then on every
 * block that it serves has a wrong byte. For the development network and tests only.
 */
