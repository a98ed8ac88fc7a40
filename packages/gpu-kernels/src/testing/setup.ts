import { seedProperties } from './property.ts';
import { shareDevices } from './share-devices.ts';
import { refuseLeaks } from './leaks.ts';

// Run before each test file; what it imports stays loaded from one file to the next.
shareDevices();
seedProperties();
refuseLeaks();
