@rem `npm start` runs `exec node ...`, so that no shell stands between npm, which hands signals on, and the job.
@rem cmd.exe knows no such word, and looks for one in this folder first.
@%*
