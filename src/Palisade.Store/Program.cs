using Palisade.Store;

return await StoreHost.RunAsync(args);
