console.log("@VERSION@");
